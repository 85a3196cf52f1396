#include "decode_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CONTEXT(type)                                                                              \
	"'context':{'version':'0.4.1','id':'e1','source':'ctx','type':'" type "',"                 \
	"'timestamp':'1970-01-01T00:00:01Z'}"
#define SUBJECT(content) "'subject':{'id':'S1','source':'sub','content':{" content "}}"
#define EVENT(type, content, custom)                                                               \
	"{" CONTEXT(type) "," SUBJECT(content) ",'customData':{" custom "}}"
#define DEV(type, content, custom) EVENT("dev.cdevents." type ".0.2.0", content, custom)
#define OWN(type, custom)          EVENT("dev.cdeventsx.venturi-" type ".0.1.0", "", custom)

static void a_cdevent_becomes_a_fact_about_its_subject(void **state)
{
	const struct fact *fact = fact_of(DEV("ticket.created",
					      "'ticketType':'bug','labels':['a'],'priority':'high',"
					      "'creator':'ana','group':'CLM','uri':'x'",
					      "'objective':'O1','value_points':8"));

	(void)state;
	assert_int_equal(fact->kind, FACT_ITEM_CREATED);
	assert_int_equal(fact->time, 1000);
	assert_text(fact->id, "e1");
	assert_text(fact->source, "ctx");
	assert_text(fact->subject_source, "sub");
	assert_text(fact->subject, "S1");
	assert_string_equal(fields_of(fact),
			    "project=CLM labels=a type=bug priority=high creator=ana "
			    "objective=O1 value_points=8000000");
}

static void types_map_to_kinds(void **state)
{
	static const struct {
		const char *line;
		enum fact_kind kind;
		const char *fields;
	} cases[] = {
		{DEV("ticket.closed", "'resolution':'fixed'", ""), FACT_ITEM_CLOSED,
		 "resolution=fixed"},
		{DEV("change.created", "'repository':{'id':'r','source':'g'}", ""),
		 FACT_CHANGE_OPENED, "repository=r"},
		{DEV("change.reviewed", "", ""), FACT_CHANGE_REVIEWED, ""},
		{DEV("change.merged", "", "'revision':'abc','first_commit_time':5"),
		 FACT_CHANGE_MERGED, "revision=abc first_commit_time=5"},
		{DEV("change.abandoned", "", ""), FACT_CHANGE_ABANDONED, ""},
		{DEV("artifact.packaged", "'change':{'id':'12'}", ""), FACT_ARTIFACT_PUBLISHED,
		 "change=12"},
		{DEV("artifact.published", "", ""), FACT_ARTIFACT_PUBLISHED, ""},
		{DEV("service.deployed", "'environment':{'id':'prod'},'artifactId':'a'",
		     "'version':'1'"),
		 FACT_DEPLOY_DONE, "artifact=a environment=prod version=1"},
		{DEV("service.upgraded", "", "'changes':['1'],'unplanned':true"), FACT_DEPLOY_DONE,
		 "changes=1 unplanned=1"},
		{DEV("service.rolledback", "'environment':{'id':'prod'}", ""),
		 FACT_DEPLOY_ROLLEDBACK, "environment=prod"},
		{DEV("incident.detected",
		     "'environment':{'id':'prod'},'service':{'id':'api'},'artifactId':'a'",
		     "'severity':'high'"),
		 FACT_INCIDENT_DETECTED,
		 "service=api artifact=a environment=prod severity=high cause=a"},
		{DEV("incident.reported", "'artifactId':'a','ticketURI':'t'", "'cause':'v1'"),
		 FACT_INCIDENT_REPORTED, "artifact=a cause=v1 ticket=t"},
		{DEV("incident.resolved", "'artifactId':'a'", ""), FACT_INCIDENT_RESOLVED,
		 "artifact=a"},
		{OWN("item.transitioned", "'to':'Doing','from':'Open'"), FACT_ITEM_STATE,
		 "to=Doing from=Open"},
		{OWN("item.blocked", "'blocker_id':'b'"), FACT_ITEM_BLOCKED, "blocker_id=b"},
		{OWN("item.unblocked", ""), FACT_ITEM_UNBLOCKED, ""},
		{OWN("deploy.failed", "'environment':'prod'"), FACT_DEPLOY_FAILED,
		 "environment=prod"},
		{OWN("release.published", "'version':'1','product':'p'"), FACT_RELEASE_PUBLISHED,
		 "product=p version=1"},
		{OWN("outcome.measured", "'value':1"), FACT_OUTCOME_MEASURED, "value=1000000"},
		{OWN("cost.recorded", "'amount':1,'currency':'EUR','period':'2026-03'"),
		 FACT_COST_RECORDED, "amount=1000000 currency=EUR period=2026-03"},
		{OWN("funding.allocated", "'amount':1,'currency':'EUR','quarter':'2026-Q1'"),
		 FACT_FUNDING_ALLOCATED, "amount=1000000 currency=EUR quarter=2026-Q1"},
		{OWN("dependency.raised", "'item':'A-1','provider':'p'"), FACT_DEPENDENCY_RAISED,
		 "item=A-1 provider=p"},
		{OWN("dependency.resolved", ""), FACT_DEPENDENCY_RESOLVED, ""},
		{OWN("risk.assessed", "'probability':1,'impact':1"), FACT_RISK_ASSESSED,
		 "probability=1000000 impact=1000000"},
		{OWN("risk.closed", ""), FACT_RISK_CLOSED, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct fact *fact = fact_of(cases[i].line);

		assert_int_equal(fact->kind, cases[i].kind);
		assert_text(fact->subject, fact->about == ABOUT_MONEY ? "" : "S1");
		assert_string_equal(fields_of(fact), cases[i].fields);
	}
}

static void a_ticket_updated_yields_up_to_three_facts(void **state)
{
	const struct decoded *result = decoded_line(
		DEV("ticket.updated", "'ticketType':'bug'", "'status':'Doing','product':'fraud'"));

	(void)state;
	assert_int_equal(result->reason, REJECT_NONE);
	assert_int_equal(result->n, 3);
	assert_int_equal(result->facts[0].kind, FACT_ITEM_STATE);
	assert_string_equal(fields_of(&result->facts[0]), "product=fraud to=Doing type=bug");
	assert_int_equal(result->facts[1].kind, FACT_ITEM_TYPED);
	assert_string_equal(fields_of(&result->facts[1]), "product=fraud type=bug");
	assert_int_equal(result->facts[2].kind, FACT_ITEM_MOVED);
	assert_string_equal(fields_of(&result->facts[2]), "product=fraud type=bug");
	for (size_t i = 0; i < 3; i++) {
		assert_text(result->facts[i].subject, "S1");
		assert_text(result->facts[i].subject_source, "sub");
		assert_text(result->facts[i].id, "e1");
		assert_int_equal(result->facts[i].time, 1000);
	}
	result = decoded_line(DEV("ticket.updated", "", ""));
	assert_int_equal(result->n, 1);
	assert_int_equal(result->facts[0].kind, FACT_ITEM_TYPED);
	result = decoded_line(DEV("ticket.updated", "", "'status':5,'product':['x'],'to':'x'"));
	assert_int_equal(result->n, 1);
	assert_string_equal(fields_of(&result->facts[0]), "");
	result = decoded_line(DEV("ticket.updated", "", "'product':'p'"));
	assert_int_equal(result->n, 2);
	assert_int_equal(result->facts[1].kind, FACT_ITEM_MOVED);
}

static void the_content_goes_before_custom_data(void **state)
{
	(void)state;
	assert_string_equal(
		fields_of(fact_of(DEV("ticket.created", "'ticketType':'bug','labels':[]",
				      "'type':'story','labels':['x'],'priority':'low'"))),
		"labels= type=bug priority=low");
	assert_string_equal(fields_of(fact_of(DEV("service.deployed", "'environment':{'id':''}",
						  "'environment':'prod'"))),
			    "environment=prod");
}

static void in_a_foreign_event_a_field_of_a_wrong_type_is_absent(void **state)
{
	(void)state;
	assert_string_equal(
		fields_of(fact_of(DEV("ticket.created",
				      "'ticketType':5,'labels':'x','priority':'low'",
				      "'type':'story','value_points':1e13,'created_at':'soon',"
				      "'objective':[],'unplanned':'yes'"))),
		"type=story priority=low");
	assert_string_equal(fields_of(fact_of(DEV("ticket.created", "'labels':['a',5]",
						  "'labels':['b',null]"))),
			    "labels=b");
	assert_string_equal(fields_of(fact_of(DEV("ticket.created", "", "'labels':['a',5]"))), "");
	assert_string_equal(fields_of(fact_of(DEV("service.deployed", "'environment':'prod'",
						  "'probability':2"))),
			    "");
	fact_of("{" CONTEXT("dev.cdevents.ticket.created.0.2.0") ","
								 "'subject':{'id':'x','content':'y'"
								 "},'customData':'z'}");
}

static void in_an_event_of_ours_it_is_malformed(void **state)
{
	(void)state;
	assert_rejected(REJECT_MALFORMED, OWN("item.blocked", "'reason':5"));
	assert_rejected(REJECT_MALFORMED, OWN("item.blocked", "'labels':'x'"));
	assert_rejected(REJECT_MALFORMED, OWN("item.transitioned", "'to':['x']"));
	assert_rejected(REJECT_MALFORMED, OWN("item.transitioned", "'from':'x'"));
	assert_why("to: is required");
	assert_rejected(REJECT_MALFORMED, OWN("risk.assessed", "'probability':1.1,'impact':1"));
	assert_rejected(
		REJECT_MALFORMED,
		"{" CONTEXT("dev.cdeventsx.venturi-item.blocked.0.1.0") ","
									"'subject':{'id':'x'},'"
									"customData':'z'}");
}

static void the_subjects_source_is_else_the_contexts(void **state)
{
	static const char *const sources[] = {"", ",'source':''", ",'source':null"};

	(void)state;
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		char line[512];

		snprintf(
			line, sizeof line,
			"{" CONTEXT("dev.cdevents.ticket.created.0.2.0") ",'subject':{'id':'x'%s}}",
			sources[i]);
		assert_text(fact_of(line)->subject_source, "ctx");
	}
}

static void custom_data_may_name_the_subjects_source(void **state)
{
#define BARE(type, custom) "{" CONTEXT(type) ",'subject':{'id':'x'},'customData':{" custom "}}"
#define TICKET             "dev.cdevents.ticket.created.0.2.0"
#define BLOCKED            "dev.cdeventsx.venturi-item.blocked.0.1.0"
	(void)state;
	assert_text(fact_of(BARE(TICKET, "'subject_source':'mine'"))->subject_source, "mine");
	assert_text(fact_of(BARE(BLOCKED, "'subject_source':'mine'"))->subject_source, "mine");
	assert_text(fact_of(DEV("ticket.created", "", "'subject_source':'mine'"))->subject_source,
		    "sub");
	assert_text(fact_of(BARE(TICKET, "'subject_source':5"))->subject_source, "ctx");
	assert_rejected(REJECT_MALFORMED, BARE(BLOCKED, "'subject_source':5"));
	assert_rejected(REJECT_MALFORMED, OWN("item.blocked", "'subject_source':5"));
}

static void versions_from_0_3_to_the_draft_of_0_6_are_known(void **state)
{
	static const char *const known[] = {"0.3.0", "0.4.1",       "0.5.0",
					    "0.5",   "0.6.0-draft", "0.6-draft"};
	static const char *const unknown[] = {"0.2.0", "9.0.0", "1.0", "0.30",
					      "0.7.0", "0",     "0.",  "5"};
	char line[512];

	(void)state;
	for (size_t i = 0; i < 2 * sizeof known / sizeof *known; i++) {
		snprintf(line, sizeof line,
			 "{'context':{'%s':'%s','id':'e','source':'s','timestamp':'1970-01-01T00:"
			 "00:01Z',"
			 "'type':'dev.cdevents.ticket.created.0.2.0'},'subject':{'id':'x'}}",
			 i % 2 ? "version" : "specversion", known[i / 2]);
		fact_of(line);
	}
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		snprintf(line, sizeof line,
			 "{'context':{'version':'%s','id':'e','source':'s','timestamp':'1970-01-"
			 "01T00:00:01Z',"
			 "'type':'dev.cdevents.ticket.created.0.2.0'},'subject':{'id':'x'}}",
			 unknown[i]);
		assert_rejected(REJECT_MALFORMED, line);
		assert_why("version");
	}
}

static void the_version_of_a_type_does_not_matter(void **state)
{
	(void)state;
	fact_of(EVENT("dev.cdevents.ticket.created.0.1.0-draft", "", ""));
	fact_of(EVENT("dev.cdevents.ticket.created", "", ""));
	fact_of(EVENT("dev.cdevents.ticket.created.99", "", ""));
	assert_rejected(REJECT_UNKNOWN_TYPE, EVENT("dev.cdevents.ticket.createdx.0.1.0", "", ""));
	assert_rejected(REJECT_UNKNOWN_TYPE, EVENT("dev.cdevents.ticketx.created.0.1.0", "", ""));
	assert_rejected(REJECT_UNKNOWN_TYPE, EVENT("dev.cdevents.Ticket.created.0.1.0", "", ""));
}

static void what_no_metric_uses_is_unused(void **state)
{
	static const char *const unused[] = {
		"dev.cdevents.pipelinerun.finished.0.2.0",
		"dev.cdevents.taskrun.started.0.2.0",
		"dev.cdevents.build.queued.0.2.0",
		"dev.cdevents.testsuiterun.started.0.2.0",
		"dev.cdevents.testcaserun.skipped.0.2.0",
		"dev.cdevents.testoutput.published.0.2.0",
		"dev.cdevents.testbed.created.0.2.0",
		"dev.cdevents.repository.created.0.2.0",
		"dev.cdevents.branch.deleted.0.2.0",
		"dev.cdevents.environment.modified.0.2.0",
		"dev.cdevents.service.removed.0.2.0",
		"dev.cdevents.change.updated.0.2.0",
		"dev.cdevents.artifact.signed.0.2.0",
		"dev.cdeventsx.harbor-project.created.0.1.0",
	};
	char line[512];

	(void)state;
	for (size_t i = 0; i < sizeof unused / sizeof *unused; i++) {
		snprintf(line, sizeof line,
			 "{'context':{'version':'0.4.1','id':'e','source':'s','type':'%s'},'"
			 "subject':{}}",
			 unused[i]);
		assert_rejected(REJECT_UNUSED, line);
	}
}

static void what_nobody_knows_is_unknown(void **state)
{
	static const char *const unknown[] = {
		"dev.cdevents.teapot.boiled.0.2.0",
		"dev.cdevents.pipelinerun",
		"dev.cdevents.build.",
		"dev.cdevents.",
		"dev.cdevents",
		"x",
		"com.example.thing",
		"dev.cdeventsx.nodash.created",
		"dev.cdeventsx.a-b",
		"dev.cdeventsx.-b.c",
		"dev.cdeventsx.a-.c",
		"dev.cdeventsx.",
		"dev.cdeventsx.venturi-item.vanished.0.1.0",
		"dev.cdeventsx.venturi-",
		"dev.cdevents..",
		"dev.cdevents.ticket.updated_again.0.2.0",
	};
	char line[512];

	(void)state;
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		snprintf(line, sizeof line,
			 "{'context':{'version':'0.4.1','id':'e','source':'s','type':'%s'},'"
			 "subject':{}}",
			 unknown[i]);
		assert_rejected(REJECT_UNKNOWN_TYPE, line);
	}
}

static void the_context_must_be_whole(void **state)
{
	static const char *const contexts[] = {
		"[]",
		"'x'",
		"{}",
		"{'version':'0.4.1','source':'s','type':'dev.cdevents.build.x'}",
		"{'version':'0.4.1','id':'','source':'s','type':'dev.cdevents.build.x'}",
		"{'version':'0.4.1','id':17,'source':'s','type':'dev.cdevents.build.x'}",
		"{'version':'0.4.1','id':'e','type':'dev.cdevents.build.x'}",
		"{'version':'0.4.1','id':'e','source':'s'}",
		"{'version':4,'id':'e','source':'s','type':'dev.cdevents.build.x'}",
		"{'id':'e','source':'s','type':'dev.cdevents.build.x'}",
		"{'version':'0.4.1','id':'e','source':'s','type':['x']}",
	};
	char line[512];

	(void)state;
	for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++) {
		snprintf(line, sizeof line, "{'context':%s,'subject':{'id':'x'}}", contexts[i]);
		assert_rejected(REJECT_MALFORMED, line);
	}
	assert_rejected(REJECT_MALFORMED, "{" CONTEXT("dev.cdevents.build.x") ",'subject':[]}");
	assert_rejected(REJECT_MALFORMED, "{" CONTEXT("dev.cdevents.build.x") ",'subject':null}");
}

static void without_a_time_or_a_subject_it_is_no_fact(void **state)
{
	(void)state;
	assert_rejected(REJECT_NO_TIME,
			"{'context':{'version':'0.4.1','id':'e','source':'s','timestamp':'soon',"
			"'type':'dev.cdevents.ticket.created.0.2.0'},'subject':{}}");
	assert_rejected(
		REJECT_NO_SUBJECT,
		"{" CONTEXT("dev.cdevents.ticket.created.0.2.0") ",'subject':{'content':{}}}");
	assert_rejected(REJECT_NO_SUBJECT,
			"{" CONTEXT("dev.cdevents.ticket.created.0.2.0") ",'subject':{'id':''}}");
	assert_rejected(REJECT_MALFORMED,
			"{" CONTEXT("dev.cdevents.ticket.created.0.2.0") ",'subject':{'id':5}}");
	assert_rejected(
		REJECT_MALFORMED,
		"{" CONTEXT(
			"dev.cdevents.ticket.created.0.2.0") ",'subject':{'id':'x','source':5}}");
}

static int end(void **state)
{
	(void)state;
	fixture_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cdevent_becomes_a_fact_about_its_subject),
		cmocka_unit_test(types_map_to_kinds),
		cmocka_unit_test(a_ticket_updated_yields_up_to_three_facts),
		cmocka_unit_test(the_content_goes_before_custom_data),
		cmocka_unit_test(in_a_foreign_event_a_field_of_a_wrong_type_is_absent),
		cmocka_unit_test(in_an_event_of_ours_it_is_malformed),
		cmocka_unit_test(the_subjects_source_is_else_the_contexts),
		cmocka_unit_test(custom_data_may_name_the_subjects_source),
		cmocka_unit_test(versions_from_0_3_to_the_draft_of_0_6_are_known),
		cmocka_unit_test(the_version_of_a_type_does_not_matter),
		cmocka_unit_test(what_no_metric_uses_is_unused),
		cmocka_unit_test(what_nobody_knows_is_unknown),
		cmocka_unit_test(the_context_must_be_whole),
		cmocka_unit_test(without_a_time_or_a_subject_it_is_no_fact),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
