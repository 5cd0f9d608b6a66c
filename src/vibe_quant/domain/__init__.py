"""Values every layer speaks in; standard library only, no behaviour beyond what a value knows of itself."""
