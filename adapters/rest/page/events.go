package page

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/tasktide/tasktide/adapters/rest/asyncapi"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/docs"
)

// Events is the page about the topics and the live connection.
func Events() ([]byte, error) {
	v := struct {
		Topics       []domain.Route
		Codes        []asyncapi.CloseCode
		Events, Live []schemaFile
	}{Topics: domain.Routes(), Codes: asyncapi.CloseCodes()}
	var err error
	if v.Events, err = schemaFiles("events"); err != nil {
		return nil, err
	}
	if v.Live, err = schemaFiles("live"); err != nil {
		return nil, err
	}
	return render("events.html", v)
}

type schemaFile struct{ Name, Title, About, Text string }

func schemaFiles(folder string) (out []schemaFile, err error) {
	list, err := docs.Schemas.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		b, err := docs.Schemas.ReadFile(path.Join(folder, f.Name()))
		if err != nil {
			return nil, err
		}
		var s struct{ Title, Description string }
		if err := json.Unmarshal(b, &s); err != nil {
			return nil, err
		}
		out = append(out, schemaFile{strings.TrimSuffix(f.Name(), ".schema.json"), s.Title, s.Description, string(b)})
	}
	return out, nil
}
