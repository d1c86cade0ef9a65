"""Image files of digits, drawn, scanned or photographed, in the form of MNIST's."""
