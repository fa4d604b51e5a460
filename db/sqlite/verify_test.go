package sqlite

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestAConnectionThatIsNotDurableIsNotUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if err := create(path, migrations); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ settings, want string }{
		{writerDSN, ""},
		{strings.Replace(writerDSN, "FULL", "NORMAL", 1), "synchronous is 1"},
		{strings.Replace(writerDSN, "_foreign_keys=1", "_foreign_keys=0", 1), "foreign_keys is 0"},
		{strings.Replace(writerDSN, "secure_delete(1)", "secure_delete(0)", 1), "secure_delete is 0"},
		{strings.Replace(writerDSN, "secure_delete(1)", "secure_delete(fast)", 1), "secure_delete is 2"},
		{writerDSN + "&_query_only=1", "write to it"},
		{strings.Replace(writerDSN, "_journal_mode=WAL", "_journal_mode=DELETE", 1), "journal_mode is delete"},
	} {
		c, err := connect(path, tt.settings)
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(c.durable(), c.probe())
		if got := ""; err != nil {
			got = err.Error()
			if tt.want == "" || !strings.Contains(got, tt.want) {
				t.Errorf("with %s: %v, want %q", tt.settings, err, tt.want)
			}
		} else if tt.want != "" {
			t.Errorf("with %s: accepted, want %q", tt.settings, tt.want)
		}
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}
	if ok := atLeast("3.54.1"); ok("3.54.0") || ok("3.9.9") || !ok("3.54.1") || !ok("3.100.0") || !ok("4.0.0") {
		t.Error("versions are not compared as numbers")
	}
}

func TestAMigrationThatFailsLeavesTheDatabaseAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if err := create(path, migrations[:1]); err != nil {
		t.Fatal(err)
	}
	c, err := connect(path, writerDSN)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	bad := append(migrations[:1:1], "CREATE TABLE half (a); CREATE TABLE half (a)")
	if err := c.migrate(bad, 1); err == nil {
		t.Fatal("the bad migration was accepted")
	}
	if _, err := c.exec("ROLLBACK"); err != nil {
		t.Error("the transaction was not left open for inspection:", err)
	}
	if v, err := c.version(); v != 1 || err != nil {
		t.Errorf("the schema is %d, %v", v, err)
	}
	if _, err := c.row("SELECT count(*) FROM half"); err == nil {
		t.Error("half of the migration stayed")
	}
}
