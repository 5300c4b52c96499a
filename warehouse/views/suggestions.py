"""What a field in which somebody types suggests; the field sends its own value, whatever it is called."""

SUGGESTIONS = 12


def typed(request):
    values = [value for name, value in request.GET.items() if name not in ("location", "other_location")]
    return values[0].strip()[:100] if values else ""
