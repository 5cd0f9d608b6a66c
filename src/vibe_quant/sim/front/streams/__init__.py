"""Sockets without sockets: paths, subscriptions, listen keys, who hears what."""
