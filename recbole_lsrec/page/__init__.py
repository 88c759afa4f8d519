"""What every page is made of: style, charts as SVG, numbers, and text made safe for where it goes."""
