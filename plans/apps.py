"""The plans app: what people buy. Fills the slots of the members app when Django is ready."""

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "plans"

    def ready(self) -> None:
        from members import slots
        from plans import panels

        slots.member_sections.append(panels.subscriptions_section)
        slots.member_columns.append(slots.Column("Subscription", panels.subscription_cells))
        slots.member_filters.append(panels.PLAN_FILTER)
        slots.dashboard_sections.append(panels.next_seven_days)
