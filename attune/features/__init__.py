"""Stop 3: each feature's `update` and `read`, together in one class.

    consumer   load -> decode -> update -> encode -> save
    serving    load -> decode -> read(now)
    training   archive -> update per event -> point-in-time join -> read(label time)

`feature` says what a feature is, `view` packs several into one stored state, `feature_set` is all
views of an installation. Every other module is one kind of feature.
"""
