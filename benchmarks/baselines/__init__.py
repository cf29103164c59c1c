"""Other people's methods, written anew from their papers, to measure ourselves against."""
