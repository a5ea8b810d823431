"""The Kisi app: one vendor, one folder. Fills the slots of the apps below it when Django is ready."""

from django.apps import AppConfig


class KisiConfig(AppConfig):
    name = "integrations.kisi"
    label = "kisi"
    verbose_name = "Kisi"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations import catalog
        from integrations.kisi import panels, signals, watch  # noqa: F401
        from integrations.kisi.effects import KisiEffects
        from members import slots

        slots.member_panels.append(panels.member_panel)
        slots.member_cells.append(panels.member_cells)
        slots.member_filters += panels.FILTERS
        slots.member_orders.append(panels.BY_ACCESS)
        slots.member_events.append(panels.member_events)
        slots.dashboard_tiles += [panels.dashboard_tile, panels.dashboard_attention]
        slots.banners.append(panels.banner)
        slots.health_checks.append(panels.health)
        slots.plan_notes.append(panels.plan_note)
        slots.door_effects.append(KisiEffects())
        catalog.register(catalog.Entry("kisi", panels.card))
