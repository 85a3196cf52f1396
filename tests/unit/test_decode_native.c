#include "decode_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD             "'venturi':1,'id':'e1','source':'s','time':'2026-03-02T09:30:00Z'"
#define LINE(kind, rest) "{" HEAD ",'kind':'" kind "'" rest "}"

static void a_fact_has_a_kind_an_identity_a_time_and_a_subject(void **state)
{
	const struct fact *fact =
		fact_of("{'venturi':1, 'id':'e1', 'source':'tracker', 'kind':'item.state', "
			"'time':'2026-03-02T09:30:00.123Z', 'item':'CLM-17', 'to':'In Progress', "
			"'product':'claims-intake', 'type':'feature'}");

	(void)state;
	assert_int_equal(fact->kind, FACT_ITEM_STATE);
	assert_int_equal(fact->about, ABOUT_ITEM);
	assert_int_equal(fact->time, INT64_C(1772443800123));
	assert_text(fact->id, "e1");
	assert_text(fact->source, "tracker");
	assert_text(fact->subject_source, "tracker");
	assert_text(fact->subject, "CLM-17");
	assert_int_equal(fact->sequence.len, 0);
	assert_string_equal(fields_of(fact), "product=claims-intake to=In Progress type=feature");
}

static void every_kind_carries_its_fields(void **state)
{
	static const struct {
		const char *line, *subject, *fields;
	} cases[] = {
		{LINE("item.created",
		      ",'item':'A-1','type':'bug','labels':['x','y'],'priority':'high',"
		      "'creator':'ana','project':'A','objective':'O1','value_points':2.5,"
		      "'created_at':'2026-03-01T00:00:00Z'"),
		 "A-1",
		 "project=A labels=x labels=y type=bug priority=high creator=ana objective=O1 "
		 "value_points=2500000 created_at=1772323200000"},
		{LINE("item.typed", ",'item':'A-1','type':'bug'"), "A-1", "type=bug"},
		{LINE("item.moved", ",'item':'A-1','product':'p'"), "A-1", "product=p"},
		{LINE("item.blocked", ",'item':'A-1','blocker_id':'b','reason':'r','provider':'p'"),
		 "A-1", "blocker_id=b reason=r provider=p"},
		{LINE("item.unblocked", ",'item':'A-1','blocker_id':'b'"), "A-1", "blocker_id=b"},
		{LINE("item.closed", ",'item':'A-1','resolution':'fixed'"), "A-1",
		 "resolution=fixed"},
		{LINE("change.opened", ",'change':'12','repository':'r'"), "12", "repository=r"},
		{LINE("change.merged", ",'change':'12','revision':'abc','first_commit_time':1000"),
		 "12", "revision=abc first_commit_time=1000"},
		{LINE("artifact.published",
		      ",'artifact':'pkg:oci/a','change':'12','revision':'abc'"),
		 "pkg:oci/a", "change=12 revision=abc"},
		{LINE("deploy.done",
		      ",'service':'api','environment':'prod','version':'1','revision':'abc',"
		      "'artifact':'a','deployment_id':'d','changes':['1','2'],'repository':'r',"
		      "'branch':'main','labels':[],'unplanned':true"),
		 "api",
		 "repository=r labels= revision=abc artifact=a environment=prod version=1 "
		 "deployment_id=d changes=1 changes=2 branch=main unplanned=1"},
		{LINE("deploy.failed", ",'service':'api','unplanned':false"), "api", "unplanned=0"},
		{LINE("deploy.rolledback", ",'service':'api','version':'0.9'"), "api",
		 "version=0.9"},
		{LINE("release.published", ",'service':'api','product':'p','version':'2'"), "api",
		 "product=p version=2"},
		{LINE("incident.detected", ",'incident':'I1','service':'api','environment':'prod',"
					   "'severity':'high','cause':'v1','ticket':'T-1'"),
		 "I1", "service=api environment=prod severity=high cause=v1 ticket=T-1"},
		{LINE("outcome.measured", ",'key_result':'k','value':1,'baseline':0,'target':-3"),
		 "k", "value=1000000 baseline=0 target=-3000000"},
		{LINE("dependency.raised", ",'dependency':'d','item':'A-1','provider':'p'"), "d",
		 "item=A-1 provider=p"},
		{LINE("dependency.resolved", ",'dependency':'d'"), "d", ""},
		{LINE("risk.assessed", ",'risk':'r','probability':0.1234565,'impact':1000"), "r",
		 "probability=123457 impact=1000000000"},
		{LINE("risk.closed", ",'risk':'r','product':'p'"), "r", "product=p"},
		{LINE("cost.recorded",
		      ",'amount':10.000003,'currency':'EUR','period':'2026-Q1','item':'A-1'"),
		 "", "item=A-1 amount=10000003 currency=EUR period=2026-Q1"},
		{LINE("funding.allocated", ",'amount':5,'currency':'EUR','quarter':'2026-Q1'"), "",
		 "amount=5000000 currency=EUR quarter=2026-Q1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct fact *fact = fact_of(cases[i].line);

		assert_text(fact->subject, cases[i].subject);
		assert_string_equal(fields_of(fact), cases[i].fields);
	}
}

static void every_kind_may_carry_what_places_it(void **state)
{
	(void)state;
	for (enum fact_kind kind = 0; kind < FACT_KINDS; kind++) {
		char line[1024];

		snprintf(line, sizeof line,
			 "{" HEAD
			 ",'kind':'%s','item':'i','change':'i','artifact':'i','service':'i',"
			 "'incident':'i','key_result':'i','dependency':'i','risk':'i','to':'x','"
			 "type':'x',"
			 "'version':'x','value':1,'amount':1,'currency':'EUR','period':'2026-03',"
			 "'quarter':'2026-Q1','provider':'x','probability':1,'impact':1,"
			 "'product':'p','repository':'r','project':'j','labels':['l']}",
			 fact_kind_name(kind).at);
		const struct fact *fact = fact_of(line);
		assert_int_equal(fact->kind, kind);
		assert_int_equal(fact->subject.len, fact->about == ABOUT_MONEY ? 0 : 1);
		const char *fields = fields_of(fact);
		assert_non_null(strstr(fields, "product=p repository=r "));
		assert_non_null(strstr(fields, "project=j labels=l"));
		assert_true(fact->about == ABOUT_ITEM || strstr(fields, " item=i"));
		assert_true(fact->about == ABOUT_SERVICE || strstr(fields, " service=i"));
	}
}

static void a_release_without_a_service_is_the_products(void **state)
{
	const struct fact *fact =
		fact_of(LINE("release.published", ",'product':'p','version':'2'"));

	(void)state;
	assert_int_equal(fact->about, ABOUT_RELEASE);
	assert_text(fact->subject, "p");
	assert_string_equal(fields_of(fact), "product=p version=2");
	assert_rejected(REJECT_NO_SUBJECT, LINE("release.published", ",'version':'2'"));
}

static void the_subject_may_come_from_another_source(void **state)
{
	const struct fact *fact =
		fact_of(LINE("item.created", ",'item':'A-1','subject_source':'tracker'"));

	(void)state;
	assert_text(fact->source, "s");
	assert_text(fact->subject_source, "tracker");
	fact = fact_of(LINE("item.created", ",'item':'A-1','subject_source':''"));
	assert_text(fact->subject_source, "s");
	assert_rejected(REJECT_MALFORMED, LINE("item.created", ",'item':'A-1','subject_source':1"));
}

static void null_and_the_empty_text_are_absent(void **state)
{
	const struct fact *fact = fact_of(
		LINE("item.created", ",'item':'A-1','type':null,'priority':'','value_points':null,"
				     "'labels':['',null,'x',null]"));

	(void)state;
	assert_string_equal(fields_of(fact), "labels=x");
	assert_rejected(REJECT_MALFORMED, LINE("item.state", ",'item':'A-1','to':''"));
	assert_why("to: is required");
	assert_rejected(REJECT_NO_SUBJECT, LINE("item.state", ",'item':null,'to':'x'"));
	assert_rejected(
		REJECT_MALFORMED,
		"{'venturi':1,'id':'','source':'s','kind':'item.created','time':0,'item':'x'}");
}

static void an_empty_list_is_a_value_and_no_list_is_none(void **state)
{
	(void)state;
	const struct fact *fact = fact_of(LINE("item.created", ",'item':'A-1','labels':[]"));
	assert_int_equal(fact->n, 1);
	assert_int_equal(fact->fields[0].field, FIELD_LABELS);
	assert_int_equal(fact->fields[0].text.len, 0);
	fact = fact_of(LINE("item.created", ",'item':'A-1','labels':[null,'']"));
	assert_int_equal(fact->n, 1);
	fact = fact_of(LINE("item.created", ",'item':'A-1','labels':null"));
	assert_int_equal(fact->n, 0);
}

static void unknown_fields_and_those_of_other_kinds_are_left_out(void **state)
{
	const struct fact *fact =
		fact_of(LINE("item.created",
			     ",'item':'A-1','comment':{'a':[1,2]},'severity':'high','amount':1"));

	(void)state;
	assert_string_equal(fields_of(fact), "");
}

static void a_known_field_of_a_wrong_type_is_malformed_in_every_kind(void **state)
{
	static const char *const wrong[] = {
		"'type':5",
		"'type':['bug']",
		"'labels':'red'",
		"'labels':['red',5]",
		"'labels':{}",
		"'value_points':'5'",
		"'value_points':true",
		"'value_points':1000000000001",
		"'created_at':'yesterday'",
		"'created_at':1.5",
		"'created_at':-1",
		"'created_at':false",
		"'unplanned':'yes'",
		"'unplanned':1",
		"'severity':5",
		"'changes':'1'",
		"'amount':'1'",
		"'probability':1.000001",
		"'probability':-0.000001",
		"'subject_source':{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char line[256];

		snprintf(line, sizeof line, LINE("item.created", ",'item':'A-1',%s"), wrong[i]);
		assert_rejected(REJECT_MALFORMED, line);
	}
	assert_rejected(REJECT_MALFORMED, LINE("item.created", ",'item':12"));
	assert_why("item: not a text");
}

static void a_probability_is_judged_after_rounding(void **state)
{
	(void)state;
	fact_of(LINE("risk.assessed", ",'risk':'r','impact':1,'probability':1.0000004"));
	fact_of(LINE("risk.assessed", ",'risk':'r','impact':1,'probability':-0.0000004"));
	assert_rejected(REJECT_MALFORMED,
			LINE("risk.assessed", ",'risk':'r','impact':1,'probability':1.0000005"));
}

static void what_a_kind_requires_must_be_there(void **state)
{
	static const char *const without[] = {
		LINE("item.state", ",'item':'i'"),
		LINE("item.typed", ",'item':'i'"),
		LINE("item.moved", ",'item':'i'"),
		LINE("release.published", ",'service':'i'"),
		LINE("outcome.measured", ",'key_result':'i'"),
		LINE("cost.recorded", ",'currency':'EUR','period':'2026-03'"),
		LINE("cost.recorded", ",'amount':1,'period':'2026-03'"),
		LINE("cost.recorded", ",'amount':1,'currency':'EUR'"),
		LINE("cost.recorded", ",'amount':1,'currency':'EUR','quarter':'2026-Q1'"),
		LINE("funding.allocated", ",'amount':1,'currency':'EUR','period':'2026-Q1'"),
		LINE("dependency.raised", ",'dependency':'d','item':'i'"),
		LINE("dependency.raised", ",'dependency':'d','provider':'i'"),
		LINE("risk.assessed", ",'risk':'d','impact':1"),
		LINE("risk.assessed", ",'risk':'d','probability':1"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
		assert_rejected(REJECT_MALFORMED, without[i]);
		assert_why("is required");
	}
}

static void periods_and_quarters_must_be_some(void **state)
{
	static const char *const periods[] = {"2026-03-01", "2026-03-01/2026-03-14", "2026-03",
					      "2026-Q1", "2020-01-01/2025-01-03"};
	static const char *const none[] = {"2026",
					   "2026-02-30",
					   "2026-13",
					   "2026-Q5",
					   "soon",
					   "2026-03-14/2026-03-01",
					   "2020-01-01/2025-01-04"};
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
		snprintf(line, sizeof line,
			 LINE("cost.recorded", ",'amount':1,'currency':'EUR','period':'%s'"),
			 periods[i]);
		fact_of(line);
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		snprintf(line, sizeof line,
			 LINE("cost.recorded", ",'amount':1,'currency':'EUR','period':'%s'"),
			 none[i]);
		assert_rejected(REJECT_MALFORMED, line);
		assert_why("period");
	}
	assert_rejected(REJECT_MALFORMED, LINE("funding.allocated",
					       ",'amount':1,'currency':'EUR','quarter':'2026-03'"));
}

#define TIMED(time) "{'venturi':1,'id':'e','source':'s','kind':'item.created','item':'i'" time "}"

static void a_time_is_rfc_3339_or_integer_ms(void **state)
{
	static const char *const none[] = {
		TIMED(""),
		TIMED(",'time':null"),
		TIMED(",'time':''"),
		TIMED(",'time':'yesterday'"),
		TIMED(",'time':-5"),
		TIMED(",'time':1.5"),
		TIMED(",'time':1e3"),
		TIMED(",'time':true"),
		TIMED(",'time':'2025-01-01T00:00:00'"),
		TIMED(",'time':'2025-02-30T00:00:00Z'"),
		TIMED(",'time':253402300800000"),
		TIMED(",'time':99999999999999999999999"),
		TIMED(",'time':[]"),
		TIMED(",'time':'1743395286856'"),
	};

	(void)state;
	assert_int_equal(fact_of(TIMED(",'time':0"))->time, 0);
	assert_int_equal(fact_of(TIMED(",'time':-0"))->time, 0);
	assert_int_equal(fact_of(TIMED(",'time':253402300799999"))->time, TIME_MOST);
	assert_int_equal(fact_of(TIMED(",'time':'1970-01-01T01:00:00+01:00'"))->time, 0);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_rejected(REJECT_NO_TIME, none[i]);
}

static void the_first_failing_check_names_the_reason(void **state)
{
	(void)state;
	assert_rejected(REJECT_MALFORMED, "{'venturi':1,'source':'s','kind':'nonsense'}");
	assert_rejected(REJECT_MALFORMED, "{'venturi':1,'id':'e','kind':'nonsense'}");
	assert_rejected(REJECT_MALFORMED, "{'venturi':1,'id':'e','source':'s'}");
	assert_rejected(REJECT_UNKNOWN_TYPE,
			"{'venturi':1,'id':'e','source':'s','kind':'nonsense'}");
	assert_rejected(REJECT_UNKNOWN_TYPE,
			"{'venturi':1,'id':'e','source':'s','kind':'Item.State','time':'x'}");
	assert_rejected(
		REJECT_NO_TIME,
		"{'venturi':1,'id':'e','source':'s','kind':'item.state','time':'x','labels':5}");
	assert_rejected(
		REJECT_NO_SUBJECT,
		"{'venturi':1,'id':'e','source':'s','kind':'item.state','time':1,'labels':5}");
	assert_rejected(REJECT_MALFORMED, "{'venturi':1,'id':'e','source':'s','kind':'item.state',"
					  "'time':1,'item':'i','to':'x','labels':5}");
}

static void only_version_one_is_known(void **state)
{
	static const char *const versions[] = {"2", "true", "1.0", "'1'", "[]", "1e0", "-1"};

	(void)state;
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		char line[256];

		snprintf(line, sizeof line,
			 "{'venturi':%s,'id':'e','source':'s','kind':'item.created','time':1,'item'"
			 ":'i'}",
			 versions[i]);
		assert_rejected(REJECT_MALFORMED, line);
	}
}

static void a_text_holds_any_character(void **state)
{
	const struct fact *fact =
		fact_of(LINE("item.created", ",'item':'\\u0000\\ud83d\\ude00 ü','type':'\\n'"));

	(void)state;
	assert_int_equal(fact->subject.len, 8);
	assert_memory_equal(fact->subject.at, "\0\xf0\x9f\x98\x80 \xc3\xbc", 8);
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
		cmocka_unit_test(a_fact_has_a_kind_an_identity_a_time_and_a_subject),
		cmocka_unit_test(every_kind_carries_its_fields),
		cmocka_unit_test(every_kind_may_carry_what_places_it),
		cmocka_unit_test(a_release_without_a_service_is_the_products),
		cmocka_unit_test(the_subject_may_come_from_another_source),
		cmocka_unit_test(null_and_the_empty_text_are_absent),
		cmocka_unit_test(an_empty_list_is_a_value_and_no_list_is_none),
		cmocka_unit_test(unknown_fields_and_those_of_other_kinds_are_left_out),
		cmocka_unit_test(a_known_field_of_a_wrong_type_is_malformed_in_every_kind),
		cmocka_unit_test(a_probability_is_judged_after_rounding),
		cmocka_unit_test(what_a_kind_requires_must_be_there),
		cmocka_unit_test(periods_and_quarters_must_be_some),
		cmocka_unit_test(a_time_is_rfc_3339_or_integer_ms),
		cmocka_unit_test(the_first_failing_check_names_the_reason),
		cmocka_unit_test(only_version_one_is_known),
		cmocka_unit_test(a_text_holds_any_character),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
