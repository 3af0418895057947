"""Two results side by side: what is alike is compared, and a difference is called one only beyond noise."""
