"""A checked policy set as one file: written once, loaded without the parser, decoded when needed."""
