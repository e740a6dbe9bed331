"""Figures that README and CONTRIBUTING quote; `make bench` prints them again."""
