"""What a campaign is after; the catalogue names them, each module runs one."""
