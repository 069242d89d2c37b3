"""Silent mode: were the limits met that were written down before the first answer?"""
