"""Who holds which rights, and who used what (681/2023 79-81 §; 906/2019 16-17 §)."""
