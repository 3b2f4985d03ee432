"""The command `windsock`: one thin verb a file, over what the other rooms do."""
