"""What tells people and systems what happens to runs: notifiers, a module each."""
