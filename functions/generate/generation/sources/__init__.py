"""Sources of votes: from closed bars to an opinion on the last one."""
