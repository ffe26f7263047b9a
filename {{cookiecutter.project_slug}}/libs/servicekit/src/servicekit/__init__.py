"""What every service of this repository shares."""
