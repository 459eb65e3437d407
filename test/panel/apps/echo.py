"""Gives back what it is sent, of whatever size: text comes in, and goes out as the bytes of an array."""
import numpy
from bokeh.io import curdoc
from bokeh.models import ColumnDataSource, TextAreaInput

said = TextAreaInput(name='said')
heard = ColumnDataSource(name='heard', data={'bytes': numpy.zeros(0, dtype=numpy.uint8)})
said.on_change('value', lambda attr, old, new: setattr(heard, 'data', {'bytes': numpy.frombuffer(new.encode(), dtype=numpy.uint8)}))
curdoc().add_root(said)
curdoc().add_root(heard)
