"""From a bulletin to the pages of every edition: web, light, legacy. Pure."""

from publisher.editions.frame import LEGACY, LIGHT, WEB, Edition, Frame
from publisher.editions.theme import Theme
from publisher.editions.views import ArchiveView, CategoryView, ExtrasView, HomeView

__all__ = ["LEGACY", "LIGHT", "WEB", "ArchiveView", "CategoryView", "Edition", "ExtrasView", "Frame", "HomeView", "Theme"]
