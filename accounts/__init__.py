"""Who may sign in to the admin, and what an account may change only with its password."""
