"""Views that were declared later, or whose version was raised, filled from the archive.

    wanted       which rows have views with a seam
    beginnings   what was before a kind of entity was read at all
    bases        the archive's events before the seams, folded
    waiting      until the archive has all that
    main         pass by pass: fold, put in front of what was folded since, until no row is left

Live events go on meanwhile. Where a row's seam is was written down when the first event came after
the view was declared, and stays where it is: what lies before comes from the archive, what lies
behind is folded live, and both are merged in one guarded write.
"""
