"""Scripts that run under another Python, where a package of other people is installed: lines in, cells and times out.

They import nothing of this project, so that they can be started by path.
"""
