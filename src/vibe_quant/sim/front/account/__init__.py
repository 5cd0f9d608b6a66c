"""The account on the wire: balances, positions, settings, income, permissions."""
