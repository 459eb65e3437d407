/** For the comparison with Go, whose own library then reads the targets. Prints a JSON list of readings a target, a character a byte. */
export const goOracle = `
package main

import (
  "encoding/json"
  "net/url"
  "os"
  "path"
)

func bytesOf(text string) string {
  var out []byte
  for _, r := range text {
    out = append(out, byte(r))
  }
  return string(out)
}

func charactersOf(text string) string {
  var out []rune
  for _, b := range []byte(text) {
    out = append(out, rune(b))
  }
  return string(out)
}

func read(target string) []string {
  seen := map[string]bool{}
  add := func(text string) { seen[charactersOf(text)] = true }
  request, err := url.ParseRequestURI(target)
  if err == nil {
    add(request.Path)
    add(request.EscapedPath())
    add(path.Clean(request.Path))
    add(request.JoinPath("x", "..").Path)
    if twice, err := url.PathUnescape(request.Path); err == nil {
      add(path.Clean(twice))
    }
    if form, err := url.QueryUnescape(request.EscapedPath()); err == nil {
      add(path.Clean(form))
    }
  }
  base, _ := url.Parse("http://front.example/")
  if reference, err := url.Parse(target); err == nil {
    add(reference.Path)
    add(base.ResolveReference(reference).Path)
  }
  list := []string{}
  for text := range seen {
    list = append(list, text)
  }
  return list
}

func main() {
  var targets []string
  json.NewDecoder(os.Stdin).Decode(&targets)
  all := [][]string{}
  for _, target := range targets {
    all = append(all, read(bytesOf(target)))
  }
  json.NewEncoder(os.Stdout).Encode(all)
}
`
