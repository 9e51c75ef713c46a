"""What the site is measured beside: other servers with the same page. Each is started for the measurement only."""

# The entity tag of what the bare application returns.
TAG = '"bare"'
