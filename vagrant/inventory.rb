# What Vagrant has to know of an inventory: its hosts in written order, each with merged variables.
#
# The rules are Ansible's, as kprov reads them (kprov/inventory/merge.py): groups with children,
# ranges such as w[01:03]; from weak to strong: what groups say in the file, `all` and parents first,
# group_vars/ in the same order, what the host's line says, host_vars/.
# As a program, `ruby inventory.rb FILE`, it prints JSON: the tests hold that against kprov.

require "json"
require "yaml"

class Inventory
  Group = Struct.new(:vars, :hosts, :children)

  # What stands beside groups: cluster specs, not hosts
  SPECS = %w[cluster clusters failover].freeze

  def initialize(path)
    @path = path
    content = YAML.safe_load(quoted_ranges(File.read(path)), aliases: true) || {}
    raise "#{path}: expected a mapping with `all:`" unless content.is_a?(Hash)
    @groups = { "all" => Group.new({}, [], []) }
    @order = []
    @host_vars = Hash.new { |vars, name| vars[name] = {} }
    content.each { |name, body| read_group(name, body) unless SPECS.include?(name) }
  end

  # Name to variables, in the order in which hosts were first written.
  def hosts
    @order.to_h { |name| [name, vars_of(name)] }
  end

  private

  # YAML takes cp[1:3] for text in block style alone; kprov takes it in `{cp[1:3]: {}}` as well.
  def quoted_ranges(text)
    text.gsub(/(?<=[{,\s])[\w.-]*(?:\[\w*:[\w:]*\][\w.-]*)+(?=\s*:(?:\s|$))/) { |name| "\"#{name}\"" }
  end

  def read_group(name, body)
    group = (@groups[name] ||= Group.new({}, [], []))
    body ||= {}
    group.vars.merge!(body["vars"] || {})
    (body["hosts"] || {}).each { |pattern, vars| read_hosts(group, pattern, vars || {}) }
    (body["children"] || {}).each do |child, inner|
      group.children |= [child]
      read_group(child, inner)
    end
  end

  def read_hosts(group, pattern, vars)
    Inventory.expand(pattern.to_s).each do |name|
      @order |= [name]
      group.hosts |= [name]
      @host_vars[name].merge!(vars)
    end
  end

  def vars_of(host)
    groups = @groups.keys.select { |name| name != "all" && member?(name, host) }
    ordered = ["all", *groups.sort_by { |name| [depth(name), name] }]
    written = ordered.map { |name| @groups[name].vars }
    filed = ordered.map { |name| beside("group_vars", name) }
    [*written, *filed, @host_vars[host], beside("host_vars", host)].reduce({}, :merge)
  end

  def member?(name, host)
    group = @groups[name]
    group.hosts.include?(host) || group.children.any? { |child| member?(child, host) }
  end

  # A group's longest way from `all`.
  def depth(name)
    parents = @groups.select { |parent, group| parent != "all" && group.children.include?(name) }
    1 + (parents.keys.map { |parent| depth(parent) }.max || 0)
  end

  ENDINGS = ["", ".yml", ".yaml", ".json"].freeze

  # The first of NAME, NAME.yml, NAME.yaml, NAME.json that exists; a folder is read whole.
  def beside(folder, name)
    base = File.join(File.dirname(@path), folder, name)
    found = ENDINGS.map { |ending| base + ending }.find { |path| File.exist?(path) }
    files_under(found).reduce({}) do |vars, file|
      vars.merge(YAML.safe_load(File.read(file), aliases: true) || {})
    end
  end

  def files_under(path)
    return [path].compact unless path && File.directory?(path)
    children = Dir.children(path).sort.reject { |name| name.start_with?(".") || name.end_with?("~") }
    children.map { |name| File.join(path, name) }
            .select { |child| File.directory?(child) || ENDINGS.include?(File.extname(child)) }
            .flat_map { |child| files_under(child) }
  end

  # `w[01:03]` to w01, w02, w03; several ranges multiply out.
  def self.expand(pattern)
    match = pattern.match(/\A(.*?)\[([^\[\]]*)\](.*)\z/)
    return [pattern.sub(/:\d+\z/, "")] unless match
    items(match[2]).product(expand(match[3])).map { |item, rest| match[1] + item + rest }
  end

  LETTERS = [*"a".."z", *"A".."Z"].freeze

  def self.items(range)
    first, last, step = range.split(":")
    first = "0" if first.empty?
    step = (step || 1).to_i
    if first =~ /\A\d+\z/
      width = first.start_with?("0") && first.size > 1 ? first.size : 0
      (first.to_i..last.to_i).step(step).map { |number| number.to_s.rjust(width, "0") }
    else
      LETTERS[LETTERS.index(first)..LETTERS.index(last)].each_slice(step).map(&:first)
    end
  end
end

puts JSON.generate(Inventory.new(ARGV.fetch(0)).hosts) if $PROGRAM_NAME == __FILE__
