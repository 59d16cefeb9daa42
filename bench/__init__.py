"""What `make bench` measures: the public reads of a large marketplace, and one piece of pure arithmetic."""
