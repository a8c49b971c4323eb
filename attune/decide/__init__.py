"""Stop 6: what to show in each slot, and why.

content     segments, slots, blocks and rules as the content team keeps them
expression  one line of CEL, compiled (`attune.adapters.cel` knows the language)
facts       what is known of one visitor, as expressions read it
playbook    the content, compiled once
rules       eligible -> first rule that matches -> a decision
decision    the record of it, which can be stored and replayed
"""
