"""Figures for pages: SVG as text, drawn without a library, light and dark, on paper and on a phone."""
