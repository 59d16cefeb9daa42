"""What `make bench` measures: the public reads of a large marketplace, the bell, and one piece of pure arithmetic."""
