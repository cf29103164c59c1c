"""What the neural proposer knows, and what it adds to the search."""
