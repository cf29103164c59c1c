"""What all search engines share: lines as windows, the odds of a chance fit, and bounded pools of trial lattices."""
