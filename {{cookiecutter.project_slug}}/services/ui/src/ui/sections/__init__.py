"""One folder per service that has pages here. A service that is left out takes its folder along."""
