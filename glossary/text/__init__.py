"""Words and characters, as documents, search, links, addresses and lists see them."""
