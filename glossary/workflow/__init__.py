"""What can happen next to a term and by whom, what waits for whom, and what makes a term worth looking at again."""
