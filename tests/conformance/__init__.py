"""The client at work in every place where Python code runs."""
