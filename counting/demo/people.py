"""The people of the demonstration: one for each group, and colleagues who count with them."""

from django.contrib.auth.models import Group

from warehouse.models import Location, LocationAssignment, User

# username: first name, last name, group
PEOPLE = {
    "counter": ("Ama", "Boateng", "Counter"),
    "supervisor": ("Lena", "Okafor", "Supervisor"),
    "planner": ("Paul", "Lindqvist", "Planner"),
    "auditor": ("Rosa", "Marek", "Auditor"),
    "admin": ("Ines", "Haller", None),
    "jonas": ("Jonas", "Weber", "Counter"),
    "priya": ("Priya", "Nair", "Counter"),
    "tomasz": ("Tomasz", "Zieliński", "Counter"),
    "marek": ("Marek", "Horvat", "Supervisor"),
}


def make_people(locations: list[Location], passwords: dict[str, str] | None = None) -> dict[str, User]:
    """Who has no password given cannot log in; at home everywhere, at the first location usually."""
    passwords = passwords or {}
    made = {name: make_person(name, *who, password=passwords.get(name)) for name, who in PEOPLE.items()}
    LocationAssignment.objects.bulk_create(
        [
            LocationAssignment(user=person, location=location, default=location == locations[0])
            for person in made.values()
            for location in locations
        ],
        ignore_conflicts=True,
    )
    return made


def make_person(username, first_name, last_name, group, *, password):
    person, created = User.objects.get_or_create(
        username=username,
        defaults={
            "first_name": first_name,
            "last_name": last_name,
            "is_staff": group != "Counter",
            "is_superuser": group is None,
        },
    )
    if created:
        person.set_password(password)
        person.save(update_fields=["password"])
    if group:
        person.groups.add(Group.objects.get(name=group))
    return person
