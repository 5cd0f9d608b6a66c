"""Generated markets: their parameters and scenarios, how they come about, and how they compare with recorded ones."""
