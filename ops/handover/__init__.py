"""The hand-over of the published marts to the new application, and the rehearsal of the cut-over day."""
