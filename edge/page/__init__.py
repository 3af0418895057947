"""A page that needs nothing but itself: words, tables and charts, as a verb writes them to one file."""
