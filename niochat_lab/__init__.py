"""Benchmarks, chaos runs and evaluations of the product; the product does not depend on this
package.
"""
