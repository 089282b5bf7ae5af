"""A checked policy set as one file: loaded without the parser, decoded when needed."""
