"""What the product costs, against the same work written by hand in SQL: `make bench` (ARCHITECTURE 7)."""
