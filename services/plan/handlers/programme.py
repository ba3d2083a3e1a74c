"""Keeping and reading a municipality's integration programme."""

from contracts.plan.programme import (
    AddProgrammeService,
    ChangeProgrammeService,
    GetProgrammeService,
    ImportProgramme,
    ListProgramme,
    Programme,
    ProgrammeImported,
    ProgrammeService,
    ProgrammeServiceVersion,
    ServiceContent,
)
from services.kit.clock import helsinki_date
from services.kit.errors import InvalidInput, check_current, check_input
from services.kit.work import Work
from services.plan.repository import programme as repository
from services.plan.rules import programme as rules

MOST_ERRORS = 200
"""Broken rules told of one file."""


async def add_programme_service(message: AddProgrammeService, work: Work) -> ProgrammeServiceVersion:
    """Adds a service to the acting municipality's programme."""
    if done := await work.outcome_of_repeat(ProgrammeServiceVersion):
        return done
    await repository.in_turn(work)
    await _check(message.service, work)
    service_id = await repository.add(work, message.service)
    work.record_use(data=message.DATA, relation="none")
    return ProgrammeServiceVersion(service_id=service_id, version=1)


async def change_programme_service(message: ChangeProgrammeService, work: Work) -> ProgrammeServiceVersion:
    """Gives a service its next version, if anything in it changes."""
    await repository.in_turn(work)
    known = await repository.get(work, message.service_id)
    if done := await work.outcome_of_repeat(ProgrammeServiceVersion):
        return done
    check_current(known.version, message.expected_version)
    await _check(message.service, work, known)
    version = known.version
    if message.service != known.service:
        version = await repository.change(work, known, message.service)
    work.record_use(data=message.DATA, relation="none")
    return ProgrammeServiceVersion(service_id=known.service_id, version=version)


async def get_programme_service(message: GetProgrammeService, work: Work) -> ProgrammeService:
    """A service, as it is now or as the version asked for tells."""
    service = await repository.get(work, message.service_id, message.version)
    work.record_use(data=message.DATA, relation="none")
    return service


async def list_programme(message: ListProgramme, work: Work) -> Programme:
    """A page of the acting municipality's services."""
    found = await repository.page(work, message)
    if found is None:
        raise InvalidInput(errors=[rules.error("/cursor", "cursor")])
    services, more = found
    work.record_use(data=message.DATA, relation="none", found=len(services))
    return Programme(services=tuple(services), next_cursor=more)


async def import_programme(message: ImportProgramme, work: Work) -> ProgrammeImported:
    """Takes over a file whole, or refuses it with every rule that its rows break."""
    if done := await work.outcome_of_repeat(ProgrammeImported):
        return done
    await repository.in_turn(work)
    on = helsinki_date(work.now)
    told: dict[str, ServiceContent] = {}
    errors = []
    for number, row in enumerate(message.rows, 1):
        service, broken = rules.read(row, number, on)
        errors += broken
        if service and service.external_key:
            if service.external_key in told:
                errors.append(rules.error(f"/{number}/external_key", "twice"))
            told[service.external_key] = service
    if errors:
        raise InvalidInput(errors=errors[:MOST_ERRORS])
    known = await repository.by_key(work)
    new = [service for key, service in told.items() if key not in known]
    changed = [(known[key], service) for key, service in told.items() if key in known and known[key].service != service]
    if not message.dry_run:
        for service in new:
            await repository.add(work, service)
        for present, service in changed:
            await repository.change(work, present, service)
    work.record_use(data=message.DATA, relation="none", found=len(message.rows))
    return ProgrammeImported(
        added=len(new),
        changed=len(changed),
        unchanged=len(told) - len(new) - len(changed),
        dry_run=message.dry_run,
    )


async def _check(service: ServiceContent, work: Work, known: ProgrammeService | None = None) -> None:
    """Raises InvalidInput with every rule that the service breaks."""
    errors = rules.broken_rules(service, helsinki_date(work.now))
    holder = (await repository.by_key(work)).get(service.external_key or "")
    if holder and (known is None or holder.service_id != known.service_id):
        errors.append(rules.error("/service/external_key", "key_taken"))
    check_input(errors)
