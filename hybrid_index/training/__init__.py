"""Training of the neural proposer on random line lists, without end and without a file."""
