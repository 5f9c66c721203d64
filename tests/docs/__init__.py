"""The documents are held to the code: what they show runs, what they list is there."""
