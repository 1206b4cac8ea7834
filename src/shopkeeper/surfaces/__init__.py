"""From ranked items to what a person sees: slates, pages and the wording of reasons."""
